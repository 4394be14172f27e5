/** What a person sees who starts the gateway by hand. */
import { isDevelopment, isLoopback, type ServerConfig } from './config.ts'

export interface Greeting {
  readonly origin: string
  readonly server: ServerConfig
  readonly firstStart: boolean
}

/** The address under which this machine reaches what listens on `host`. */
export const originOf = ({ host, edge }: Pick<ServerConfig, 'host' | 'edge'>, port: number): string => {
  const wildcard: Readonly<Record<string, string>> = {
    '0.0.0.0': '127.0.0.1',
    '::': '[::1]',
    '[::]': '[::1]',
  }
  const named = wildcard[host] ?? (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)
  return `${edge.tls ? 'https' : 'http'}://${named}:${port}`
}

const snippet = (origin: string, server: ServerConfig): readonly string[] => {
  const token = isDevelopment(server) ? '' : ', token="<the token>"'
  return [
    'from pyiceberg.catalog import load_catalog',
    `catalog = load_catalog("lakegate", type="rest", uri="${origin}/catalog"${token})`,
    'catalog.create_namespace_if_not_exists("demo"); print(catalog.list_namespaces())',
  ]
}

const warning = (server: ServerConfig): readonly string[] => {
  if (!isDevelopment(server)) return []
  return [
    '',
    'Authentication is OFF: whoever reaches this address may do everything.',
    isLoopback(server.host)
      ? 'The gateway listens on this machine only. Set LAKEGATE_TOKEN before you open it to others.'
      : 'Set LAKEGATE_TOKEN.',
  ]
}

export const greetingOf = ({ origin, server, firstStart }: Greeting): readonly string[] => [
  '',
  `Lakegate is ready: ${origin}/catalog`,
  ...(server.database === 'embedded'
    ? [`Data: ${server.data}${firstStart ? ' (prepared just now)' : ''}`]
    : []),
  '',
  'Try it with PyIceberg:',
  '',
  ...snippet(origin, server).map((line) => `    ${line}`),
  ...warning(server),
  '',
]
