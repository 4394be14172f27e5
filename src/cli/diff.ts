/** A plan as lines for a terminal: `+` made, `~` changed, `-` removed. */
import type { Plan, Step } from './plan.ts'
import type { MountState } from './state.ts'

const shown = (value: unknown): string => (value === undefined ? '(not set)' : JSON.stringify(value))

const mountName = ({ warehouse, namespace }: MountState): string =>
  `mount ${warehouse}:/${namespace.join('/')}`

const changed = (
  title: string,
  differences: readonly { what: string; from: unknown; to: unknown }[],
): readonly string[] => [
  `~ ${title}`,
  ...differences.map(({ what, from, to }) => `    ${what}: ${shown(from)} → ${shown(to)}`),
]

const linesOf = (step: Step): readonly string[] => {
  switch (step.do) {
    case 'create-connection':
      return [`+ connection ${step.connection.name} (${step.connection.kind})`]
    case 'change-connection':
      return changed(`connection ${step.connection.name}`, step.differences)
    case 'create-warehouse':
      return [`+ warehouse ${step.warehouse.name} at ${step.warehouse.location}`]
    case 'change-storage':
    case 'change-settings':
      return changed(`warehouse ${step.warehouse.name}`, step.differences)
    case 'create-mount':
      return [`+ ${mountName(step.mount)} → connection ${step.mount.connection}`]
    case 'remove-mount':
      return [`- ${mountName(step.mount)} → connection ${step.mount.connection}`]
    case 'remove-warehouse':
      return [`- warehouse ${step.warehouse.name}`]
    case 'remove-connection':
      return [`- connection ${step.connection.name}`]
  }
}

export const diffOf = ({ steps, kept }: Plan): readonly string[] => [
  ...(steps.length === 0 ? ['No changes.'] : steps.flatMap(linesOf)),
  ...kept.flatMap(linesOf).map((line) => `${line.replace(/^- /, '  ')} is not declared; --prune removes it`),
]
