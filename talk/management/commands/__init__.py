"""The commands, one module each. Their names begin with `talk_`.

Modules:

    talk_app_password  create, list and revoke app passwords
    talk_cleanup       remove dead sessions and their remains
    talk_doctor        test what Talk depends on
    talk_expire        delete old messages
    talk_rooms         list, create and change rooms
"""
