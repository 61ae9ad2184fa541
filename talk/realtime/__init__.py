"""The engine of long polls: one hub for each process, and the waiters in it.

Modules:

    admission           running Django's request handling up to the point of waiting
    background          tasks whose errors are logged
    consumers           the Channels consumers
    database            functions of domain and rendering that run in the hub's threads
    database_threads    few threads with lasting database connections
    drain               shutdown: answers all polls
    fallback            polls that hold a worker, under WSGI
    gc_tuning           rare full garbage collections
    hint_dispatcher     the effect of each kind of hint in a process
    hub                 the hub: its start, its stop and its parts
    jitter              pauses and timeouts that vary a little
    key_index           an index of keys by shared attributes
    message_cache       the newest messages of a room, rendered once for all waiters
    metrics             counters of a process
    outcomes            the ways in which polls end
    presence            pings and read markers of polls
    presence_batches    writes pings and read markers together
    prometheus          the counters for Prometheus
    reaper              runs the clean-up, in one process at a time
    reconciler          finds changes whose hints were lost, in the database
    remembered_callers  callers that need no login
    request_keys        the same key for repeated requests
    requests_in_flight  requests that a shutdown waits for
    subscription        membership in the channel layer
    waited_rooms        the rooms that polls wait for, and the limits of waiting
    waiters             one waiter for each poll
    waking              hands news to the waiters of a room
"""
