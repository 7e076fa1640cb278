"""What people put aside, and what they want to be told of: back in stock, cheaper."""
