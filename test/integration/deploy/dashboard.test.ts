import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createMetrics } from '../../../src/metrics.ts'

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }[]
}

const file = path.resolve(import.meta.dirname, '../../../deploy/dashboards/lakegate.json')
const { panels } = JSON.parse(readFileSync(file, 'utf8')) as Dashboard
const metricName = /\b(?:lakegate|process|nodejs)_[a-z0-9_]+/g

const served = async (): Promise<ReadonlySet<string>> => {
  const metrics = createMetrics({ warehouses: () => 1, version: '1' })
  metrics.observe('loadTable', 500, 0.1)
  metrics.observeUpstream('far', 0, 0.1)
  const { text } = await metrics.text()
  return new Set([...text.matchAll(/^([a-z0-9_]+)(?:\{| )/gm)].map(([, name = '']) => name))
}

it.each(panels.map(({ title, targets }) => [title, targets] as const))(
  'the panel "%s" shows metrics that the gateway has',
  async (_title, targets) => {
    const names = targets.flatMap(({ expr }) => expr.match(metricName) ?? [])
    expect(names).not.toEqual([])
    expect([...(await served())]).toEqual(expect.arrayContaining(names))
  },
)
