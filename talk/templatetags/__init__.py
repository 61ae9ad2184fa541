"""Template tags.

Modules:

    talk  `talk_room`, `talk_room_for` and `talk_assets`
"""
