"""Every text that the bot itself says, in gettext catalogues read by Babel."""
