"""What teamhub costs beside what people would use instead; nothing here is a test."""
