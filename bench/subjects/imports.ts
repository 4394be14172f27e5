/** Imports the packages that a gateway imports and waits: what a start costs before it does anything of its own. */
import { createServer } from 'node:http'
import '@opentelemetry/api'
import 'fastify'
import 'lru-cache'
import 'pg'
import 'pino'
import 'prom-client'
import 'typebox'
import 'typebox/value'
import 'uuid'
import 'yaml'
import '../../src/store/drizzle.ts'

createServer((_request, response) => response.end('{}')).listen(Number(process.argv[2] ?? 0), '127.0.0.1')
