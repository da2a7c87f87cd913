"""From a file to clips: opened and decoded as it comes, speech found, cut at silences."""
