"""What training made a model forget: general questions, and other tasks of the project."""
