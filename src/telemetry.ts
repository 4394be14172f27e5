/** Starts OpenTelemetry, where an exporter is configured; everything else sees only its API. */
import type { Environment } from './config.ts'

export interface Telemetry extends AsyncDisposable {
  readonly enabled: boolean
}

const none: Telemetry = { enabled: false, [Symbol.asyncDispose]: async () => {} }

const tracesUrl = (endpoint: string): string =>
  endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`

/** The exporter's own variables win over the configuration file (OpenTelemetry, "OTLP exporter configuration"). */
const endpointOf = (configured: string | undefined, environment: Environment): string | undefined => {
  const specific = environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
  if (specific) return specific
  const general = environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || configured
  return general ? tracesUrl(general) : undefined
}

export interface TelemetryInput {
  readonly endpoint: string | undefined
  readonly environment: Environment
  readonly version: string
}

/** The SDK is loaded only here, and only when it has somewhere to send to. */
export const startTelemetry = async (input: TelemetryInput): Promise<Telemetry> => {
  const url = endpointOf(input.endpoint, input.environment)
  if (url === undefined || input.environment['OTEL_SDK_DISABLED'] === 'true') return none
  const [{ NodeTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ])
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': input.environment['OTEL_SERVICE_NAME'] || 'lakegate',
      'service.version': input.version,
    }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  })
  provider.register()
  return {
    enabled: true,
    // A collector that is away must not hold the stop.
    [Symbol.asyncDispose]: async () => {
      await provider.shutdown().catch(() => {})
    },
  }
}
