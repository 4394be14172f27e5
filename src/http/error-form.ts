/** The wire form of every error of a face (specification: IcebergErrorResponse). */
import { Type } from 'typebox'

/** `type` is one of docs/errors.md; `code` repeats the status. */
export const errorForm = Type.Object(
  {
    error: Type.Object({
      message: Type.String(),
      type: Type.String(),
      code: Type.Integer({ minimum: 400, maximum: 599 }),
      'request-id': Type.Optional(Type.String()),
    }),
  },
  { title: 'IcebergErrorResponse' },
)
