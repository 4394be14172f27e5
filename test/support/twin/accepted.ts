/** Where Lakegate deliberately answers otherwise than Apache's reference server, and why. */
import type { Exchange } from './run.ts'

export interface AcceptedDifference {
  readonly id: string
  readonly reference: string
  readonly lakegate: string
  readonly reason: string
  /** True where both catalogs hold the same content afterwards although both did not refuse. */
  readonly sameState?: boolean
  covers(exchange: Exchange): boolean
}

export const acceptedDifferences: readonly AcceptedDifference[] = []
