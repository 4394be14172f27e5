/** The face that stands in the place of an OPA server: Trino's access control asks it. */
import { Type } from 'typebox'
import { opaQueryForm } from '#gateway/operations/opa/forms.ts'
import type { OpaOperations } from '#gateway/operations/opa/opa.ts'
import { jsonAnswer } from '../answer.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

const allowForm = Type.Object({ result: Type.Boolean() }, { title: 'OpaDecision' })
const batchForm = Type.Object({ result: Type.Array(Type.Integer()) }, { title: 'OpaFiltered' })

/** Lists of tables are long by their nature. */
const mostMembers = 200_000
const mostBytes = 4 * 1024 * 1024

export const opaEndpoints = (operations: OpaOperations): readonly Endpoint[] => [
  endpoint('POST /v1/data/trino/allow', operations.decideForEngine, {
    declares: {
      summary: 'Whether a user of a trusted engine may do something, as Trino asks OPA',
      certified: true,
      body: opaQueryForm,
      answers: { 200: allowForm },
    },
    read: (_request, { body }) => body.input,
    answer: ({ decision }) => jsonAnswer({ result: decision.allow }),
  }),
  endpoint('POST /v1/data/trino/batch', operations.filterForEngine, {
    declares: {
      summary: 'Which objects of a list a user of a trusted engine may see, as Trino asks OPA',
      certified: true,
      body: opaQueryForm,
      ...{ mostMembers, mostBytes },
      answers: { 200: batchForm },
    },
    read: (_request, { body }) => body.input,
    answer: (positions) => jsonAnswer({ result: [...positions] }),
  }),
]
