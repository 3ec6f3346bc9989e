/** A log as GoVector's logger writes it: two processes, one file after the other. It asserts nothing. */
export const goVector = `client {"client":1}
Initialization Complete
client {"client":2}
Sending ping
client {"server":3, "client":3}
Received pong
server {"server":1}
Initialization Complete
server {"client":2, "server":2}
Received ping
server {"client":2, "server":3}
Sending pong
`
