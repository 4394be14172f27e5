/** An endpoint is an operation at its method and path: how the request becomes its input, its output an answer. */
import type { TProperties, TSchema } from 'typebox'
import type { Operation, Target } from '#gateway/operation.ts'
import type { Pipeline } from '#gateway/pipeline.ts'
import { CatalogError } from '#model/errors.ts'
import type { Answer } from './answer.ts'
import type { FaceCaller } from './caller.ts'
import { type Declaration, isForm, readSaid, type Said } from './declaration.ts'
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
  readonly kind: 'read' | 'change'
  readonly declares: Declaration
  /** `receive` gives the body, where one was announced: it is called once the sender is known. */
  readonly handle: (
    pipeline: Pipeline,
    request: HttpRequest,
    receive?: (mostBytes?: number) => Promise<Uint8Array>,
  ) => Promise<Answer>
}

/** How a face speaks an operation: the request becomes its input, its output an answer. */
interface Translation<Input, Output> {
  readonly declares: Declaration
  /** Of a body that anybody may send. Default: the limit of all bodies. */
  readonly mostBytes?: number
  /** At once where there is nothing to wait for. */
  readonly read: (request: HttpRequest) => Input | Promise<Input>
  readonly answer: (output: Output, request: HttpRequest) => Answer
}

/** As `Translation`, reading what the schemas have read. */
interface DeclaredTranslation<Input, Output, Q extends TProperties, B extends TSchema> {
  readonly declares: Declaration<Q, B>
  readonly read: (request: HttpRequest, said: Said<Q, B>) => Input | Promise<Input>
  readonly answer: (output: Output, request: HttpRequest) => Answer
}

const isJson = (contentType: string | undefined): boolean =>
  contentType === undefined || /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType)

const checkMediaType = ({ header, body }: HttpRequest, { bodyForm = 'json' }: Declaration): void => {
  const type = header('content-type')
  if (body.byteLength > 0 && !isJson(type) && !(bodyForm === 'form' && isForm(type)))
    throw new CatalogError('UnsupportedMediaTypeException', `The body must be application/${bodyForm}`)
  const coding = header('content-encoding')
  if (coding !== undefined && coding !== 'identity')
    throw new CatalogError('UnsupportedMediaTypeException', 'Encoded request bodies are not supported')
}

const checkDeclared = ({ name, success }: { name: string; success: number }, { answers }: Declaration) => {
  if (answers[success] === undefined)
    throw new Error(`the endpoint of ${name} declares no answer for ${success}`)
}

/**
 * Binds an operation to a line such as `GET /v1/{prefix}/namespaces/{namespace}`, for a face that reads bodies and
 * parameters itself: they keep their bytes, and what is unknown in them. `endpoint` is for all others.
 */
export const rawEndpoint = <Input, T extends Target, Output>(
  line: `${Method} /${string}`,
  operation: Operation<Input, T, Output>,
  { declares, mostBytes, read, answer }: Translation<Input, Output>,
): Endpoint => {
  checkDeclared(operation, declares)
  const at = line.indexOf(' ')
  return {
    method: line.slice(0, at) as Method,
    template: line.slice(at + 1),
    operation: operation.name,
    kind: operation.kind,
    declares,
    handle: async (pipeline, request, receive) => {
      const readWhole = (whole: HttpRequest): Input | Promise<Input> => {
        checkMediaType(whole, declares)
        return read(whole)
      }
      const readRequest = receive
        ? async () => readWhole({ ...request, body: await receive(mostBytes) })
        : () => readWhole(request)
      const output = await pipeline(operation, { caller: request.caller, read: readRequest })
      return answer(output, request)
    },
  }
}

/** Binds an operation to a line such as `POST /v1/warehouse/{id}/rename`: `read` gets what the declared schemas read. */
export const endpoint = <
  Input,
  T extends Target,
  Output,
  Q extends TProperties = TProperties,
  B extends TSchema = TSchema,
>(
  line: `${Method} /${string}`,
  operation: Operation<Input, T, Output>,
  { declares, read, answer }: DeclaredTranslation<Input, Output, Q, B>,
): Endpoint =>
  rawEndpoint(line, operation, {
    declares,
    read: (request) => read(request, readSaid(declares, request)),
    answer,
  })
