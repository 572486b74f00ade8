"""A console's hand in a render: who may steer, what was commanded, what each frame was made with."""
