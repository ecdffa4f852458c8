"""Views of a conversation: characters, tokens, atoms, cues, spelled letters, sound-alikes."""
