/** Fastify with a fixed body. Arguments: port, file with the body. */
import { readFileSync } from 'node:fs'
import fastify from 'fastify'

const [port = '0', file = ''] = process.argv.slice(2)
const body = readFileSync(file)
const server = fastify()

server.get('/*', (_request, reply) => reply.type('application/json').send(body))
await server.listen({ port: Number(port), host: '127.0.0.1' })
