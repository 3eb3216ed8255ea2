"""What a message looks like: pure layout, without a call to Telegram."""
