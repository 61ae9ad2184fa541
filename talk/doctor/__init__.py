"""Probes for `talk_doctor`: each tests whether a service that the settings name works."""
