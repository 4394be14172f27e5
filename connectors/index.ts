/** Every kind of upstream that a connection can have. */
import type { Connector } from '#catalog/connector.ts'
import { icebergRest } from './iceberg-rest/index.ts'

export const connectors: readonly Connector[] = [icebergRest]
