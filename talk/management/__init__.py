"""Commands for whoever runs the site: clean-up, rooms, retention, a doctor."""
