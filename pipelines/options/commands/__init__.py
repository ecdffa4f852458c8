"""Options and help of each command. Loads neither Beam nor a model's library, so that help comes at once."""
