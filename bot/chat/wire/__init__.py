"""Calls out to Telegram: how they are carried, paced and tried again."""
