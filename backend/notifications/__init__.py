"""Messages to users, webhooks and the event log."""
