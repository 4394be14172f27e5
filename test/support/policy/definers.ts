/** Views with definers, made by the engine that goes by them, and the chains of views through which it loads. */
import { expect } from 'vitest'
import type { Asking, Lake } from '../lake.ts'
import { newView, viewVersion } from '../wire.ts'

export const ownerProperty = 'trino.run-as-owner'

export const definerSettings = {
  'trusted-engines': [
    {
      ...{ name: 'trino', identities: ['oidc~trino'], 'user-header': 'X-Trino-User' },
      ...{ 'owner-property': ownerProperty, catalogs: { iceberg: 'lake', elsewhere: 'other' } },
    },
    { name: 'plain', identities: ['oidc~plain'], 'user-header': 'X-Plain-User' },
  ],
}

/** As the engine, for the user. */
export const through = (user: string, headers: Readonly<Record<string, string>> = {}): Asking => ({
  ...{ as: 'trino', headers: { 'X-Trino-User': user, ...headers } },
})

interface NewDefined {
  readonly name: string
  readonly sql: string
  /** Of a view that is read with the rights of whoever reads it: none. */
  readonly owner?: string
}

export const definedView = (
  namespace: readonly string[],
  { name, sql, owner }: NewDefined,
): Readonly<Record<string, unknown>> => ({
  ...newView(name),
  'view-version': {
    ...{ ...viewVersion, 'default-namespace': namespace, 'default-catalog': 'iceberg' },
    representations: [{ type: 'sql', sql, dialect: 'trino' }],
  },
  properties: owner === undefined ? {} : { [ownerProperty]: owner },
})

/** By the engine as itself, or as nobody in particular where it has no owner. */
export const makeView = async (lake: Lake, namespace: readonly string[], view: NewDefined): Promise<void> => {
  const line = `POST /namespaces/${namespace.join('%1F')}/views`
  const body = definedView(namespace, view)
  const answer = await lake.ask(line, view.owner === undefined ? { body } : { as: 'trino', body })
  expect(answer.status, answer.text).toBe(200)
}

/** `referenced-by`, outermost first: each view as levels and name. */
export const referencedBy = (...views: readonly (readonly string[])[]): string =>
  `?referenced-by=${views.map((view) => view.map(encodeURIComponent).join('%1F')).join(',')}`
