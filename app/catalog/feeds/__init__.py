"""The catalogue as machines read it: sitemaps, structured data, RSS and the feed for Google Merchant Center."""
