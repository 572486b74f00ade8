"""What stands between the web server and Django: whole requests for its threads, and no thread for anything slow.

Granian speaks HTTP and hands over each request as a coroutine (RSGI). Here a body is collected, with a limit and a
lowest rate, before a thread is taken; threads come in lanes, so that uploads and password hashes leave others theirs;
and an answer goes back whole, or as a span of a file that the server itself sends. A slow client costs a connection.
"""
