// @dataSource orders
import { query } from '@aws-appsync/utils/dynamodb';
export function request(ctx) {
  return query({ index: 'byCustomer', query: { customer: { eq: ctx.args.customer } }, limit: 1000 });
}
export function response(ctx) { return ctx.result; }
