"""What brings people back: wishes, alerts."""
