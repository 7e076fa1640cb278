"""VAT: its classes, and the rate of each by country and day."""
