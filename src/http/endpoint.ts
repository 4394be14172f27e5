/** An endpoint is an operation at its method and path: how the request becomes its input, its output an answer. */
import type { Operation, Target } from '#gateway/operation.ts'
import type { Pipeline } from '#gateway/pipeline.ts'
import { CatalogError } from '#model/errors.ts'
import type { Answer } from './answer.ts'
import type { FaceCaller } from './caller.ts'
import type { Query } from './raw-url.ts'

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpRequest {
  /** Path parameters by the name in the template, still percent-encoded; an optional one may be missing. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  /** One value a name; lower-case names. */
  header(name: string): string | undefined
  /** As sent; empty where there was none, or while it has not been received. */
  readonly body: Uint8Array
  readonly caller: FaceCaller
}

export interface Endpoint {
  readonly method: Method
  /** As the specification writes it; `{prefix}` may be left out by a client. */
  readonly template: string
  /** The operation's name. */
  readonly operation: string
  /** `receive` gives the body, where one was announced: it is called once the sender is known. */
  readonly handle: (
    pipeline: Pipeline,
    request: HttpRequest,
    receive?: () => Promise<Uint8Array>,
  ) => Promise<Answer>
}

/** How a face speaks an operation: the request becomes its input, its output an answer. */
export interface Translation<Input, Output> {
  /** At once where there is nothing to wait for. */
  readonly read: (request: HttpRequest) => Input | Promise<Input>
  readonly answer: (output: Output, request: HttpRequest) => Answer
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === undefined || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)

const checkMediaType = ({ header, body }: HttpRequest): void => {
  if (body.byteLength > 0 && !isJson(header('content-type')))
    throw new CatalogError('UnsupportedMediaTypeException', 'The body must be application/json')
  const coding = header('content-encoding')
  if (coding !== undefined && coding !== 'identity')
    throw new CatalogError('UnsupportedMediaTypeException', 'Encoded request bodies are not supported')
}

/** Binds an operation to a line such as `GET /v1/{prefix}/namespaces/{namespace}`. */
export const endpoint = <Input, T extends Target, Output>(
  line: `${Method} /${string}`,
  operation: Operation<Input, T, Output>,
  { read, answer }: Translation<Input, Output>,
): Endpoint => {
  const at = line.indexOf(' ')
  return {
    method: line.slice(0, at) as Method,
    template: line.slice(at + 1),
    operation: operation.name,
    handle: async (pipeline, request, receive) => {
      const readWhole = (whole: HttpRequest): Input | Promise<Input> => {
        checkMediaType(whole)
        return read(whole)
      }
      const readRequest = receive
        ? async () => readWhole({ ...request, body: await receive() })
        : () => readWhole(request)
      const output = await pipeline(operation, { caller: request.caller, read: readRequest })
      return answer(output, request)
    },
  }
}
