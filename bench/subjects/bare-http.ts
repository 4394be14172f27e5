/** The floor: Node's own server with a fixed body. Arguments: port, file with the body. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const [port = '0', file = ''] = process.argv.slice(2)
const body = readFileSync(file)

createServer((_request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(body)
}).listen(Number(port), '127.0.0.1')
