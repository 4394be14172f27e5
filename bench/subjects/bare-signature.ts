/** Fastify that takes a form and answers with one signature more than nothing: what a token costs at the least. Argument: port. */
import { generateKeyPairSync, sign } from 'node:crypto'
import fastify from 'fastify'

const [port = '0', kind = 'signed'] = process.argv.slice(2)
const { privateKey } = generateKeyPairSync('ed25519')
/** As long as what is signed of a token. */
const content = Buffer.alloc(560, 'x')
const server = fastify()

server.addContentTypeParser(
  'application/x-www-form-urlencoded',
  { parseAs: 'buffer' },
  (_request, body, done) => done(null, body),
)
server.get('/*', () => ({ ready: true }))
server.post('/*', (_request, reply) => {
  const signature = kind === 'signed' ? sign(null, content, privateKey).toString('base64url') : 'none'
  return reply.type('application/json').send(JSON.stringify({ access_token: `${content}.${signature}` }))
})
await server.listen({ port: Number(port), host: '127.0.0.1' })
