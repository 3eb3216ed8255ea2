"""Updates in from Telegram: kept before they are confirmed, handled in the order of their chat."""
