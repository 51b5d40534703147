"""What teamhub costs, compared with what people would use instead; nothing here is a test."""
