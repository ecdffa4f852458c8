"""Views of a conversation that recognisers read: characters, tokens, atoms, cues, spelled letters, sounds."""
