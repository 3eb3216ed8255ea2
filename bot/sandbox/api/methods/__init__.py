"""The Bot API's methods, a module for each subject; `table` lists them all."""
