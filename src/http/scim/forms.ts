/** The forms of the provisioning face, for the document of the API: what clients send besides is passed over. */
import { type TProperties, type TSchema, Type } from 'typebox'
import type { Declaration } from '../declaration.ts'
import { scimErrorForm } from './error.ts'

const schemas = Type.Array(Type.String())
const text = Type.Optional(Type.String())

const meta = Type.Optional(
  Type.Object({
    resourceType: Type.String(),
    created: text,
    lastModified: text,
    location: text,
    version: text,
  }),
)

const items = Type.Optional(
  Type.Array(Type.Object({ value: text, type: text, display: text, primary: Type.Optional(Type.Boolean()) })),
)

export const userForm = Type.Object(
  {
    schemas: Type.Optional(schemas),
    id: text,
    externalId: text,
    userName: text,
    active: Type.Optional(Type.Boolean()),
    displayName: text,
    name: Type.Optional(Type.Object({ formatted: text, familyName: text, givenName: text })),
    emails: items,
    phoneNumbers: items,
    meta,
  },
  { title: 'ScimUser' },
)

export const groupForm = Type.Object(
  {
    schemas: Type.Optional(schemas),
    id: text,
    externalId: text,
    displayName: text,
    members: Type.Optional(Type.Array(Type.Object({ value: Type.String(), type: text, display: text }))),
    meta,
  },
  { title: 'ScimGroup' },
)

export const patchForm = Type.Object(
  {
    schemas: Type.Optional(schemas),
    Operations: Type.Array(
      Type.Object({ op: Type.String(), path: text, value: Type.Optional(Type.Unknown()) }),
    ),
  },
  { title: 'ScimPatch' },
)

export const listForm = (item: TSchema): TSchema =>
  Type.Object({
    schemas,
    totalResults: Type.Integer({ minimum: 0 }),
    startIndex: Type.Integer({ minimum: 1 }),
    itemsPerPage: Type.Integer({ minimum: 0 }),
    Resources: Type.Array(item),
  })

export const shownParts: TProperties = { attributes: text, excludedAttributes: text }

export const filters: TProperties = {
  ...shownParts,
  filter: text,
  startIndex: Type.Optional(Type.Integer()),
  count: Type.Optional(Type.Integer()),
}

export const declareScim = (
  summary: string,
  answers: Declaration['answers'],
  more: Pick<Declaration, 'query' | 'body' | 'versioned'> = {},
): Declaration => ({ summary, answers, errors: scimErrorForm, ...more })
