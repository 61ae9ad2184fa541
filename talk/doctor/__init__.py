"""Probes that try out what is configured: does it really work?"""
