"""What vid2vid, Deforum and the engine do with pictures alike: sizes, optical flow, depth."""
