import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'

const statusOfParserError: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/** What is no HTTP at all: answered in the same form as far as the socket still takes it. */
export const answerGarbage = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, reason] = statusOfParserError[error.code ?? ''] ?? [400, 'Bad Request']
  const requestId = randomUUID()
  const body = JSON.stringify({
    error: { message: reason, type: 'BadRequestException', code: status, 'request-id': requestId },
  })
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nX-Request-Id: ${requestId}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
