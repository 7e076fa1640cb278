"""Browsers that a person lets us notify (web push): turned on and off, and told."""
