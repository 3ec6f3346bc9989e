/** TCP keeps the contract of every transport and of those between processes. */
import { openTcpTransport } from '../../runtime/transport/tcp.ts'
import { socketContract } from './socket.contract.ts'
import { twoEnds } from './socket-ends.ts'
import { transportContract } from './transport.contract.ts'

transportContract('over TCP', { open: () => twoEnds(openTcpTransport) })
socketContract('over TCP', openTcpTransport)
