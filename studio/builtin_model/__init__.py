"""The diffusion model that ships with the project, trained on pictures that this package draws."""
