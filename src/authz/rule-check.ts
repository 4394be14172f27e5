/** What the rules leave of what has been granted. Without rules everything. */
import type { Decision, Need } from '#model/access.ts'
import { type Ask, type Awaitable, after } from './policy-ask.ts'
import type { Rules, RuleVerdict } from './rules.ts'

export interface RuleCheck {
  /** A denial of the first need that a rule forbids, else what has been decided. */
  of(ask: Ask, needs: readonly Need[], allowed: Decision): Awaitable<Decision>
  /** A denial: what the rules let nobody know of is not there. */
  hide(ask: Ask, denial: Decision): Awaitable<Decision>
  /** One answer a need. */
  each(ask: Ask, needs: readonly Need[]): Awaitable<readonly boolean[]>
  /** True where there is no rule that could forbid anything. */
  readonly idle: boolean
}

const noRules: RuleCheck = {
  of: (_ask, _needs, allowed) => allowed,
  hide: (_ask, denial) => denial,
  each: (_ask, needs) => needs.map(() => true),
  idle: true,
}

const forbidden = (need: Need, { by }: RuleVerdict): Decision => ({
  ...{ allow: false, visible: true, reason: `forbidden by rule: ${by.join(', ')}`, by },
  denied: need,
})

export const createRuleCheck = (rules: Rules | undefined): RuleCheck => {
  if (rules === undefined) return noRules
  const judge = ({ principal, standing, circumstances }: Ask, needs: readonly Need[]) =>
    rules.judge({ principal, standing, needs, circumstances })
  const hide: RuleCheck['hide'] = (ask, denial) => {
    const { denied, visible } = denial
    if (!visible || denied === undefined) return denial
    const describing: Need = { action: 'describe', resource: denied.resource }
    return after(judge(ask, [describing]), ([verdict]) =>
      verdict?.allowed === true ? denial : { ...denial, visible: false },
    )
  }
  return {
    hide,
    of: (ask, needs, allowed) =>
      after(judge(ask, needs), (verdicts) => {
        const at = needs.findIndex((_, i) => verdicts[i]?.allowed !== true)
        const need = needs[at]
        return need === undefined
          ? allowed
          : hide(ask, forbidden(need, verdicts[at] ?? { allowed: false, by: [] }))
      }),
    each: (ask, needs) =>
      after(judge(ask, needs), (verdicts) => needs.map((_, i) => verdicts[i]?.allowed === true)),
    idle: false,
  }
}
