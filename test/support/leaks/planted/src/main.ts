/** Stands in for a gateway that prints the token it was given. */
const token = process.env['PLANTED_TOKEN'] ?? ''
process.stdout.write(`{"event":"started","with":"${Buffer.from(token).toString('hex')}"}\n`)
