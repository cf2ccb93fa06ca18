// @dataSource venues
import { runtime, util } from '@aws-appsync/utils';

// An HTTP data source: this object becomes GET <endpoint>/_upstream/venues/<id>.
export function request(ctx) {
  const id = ctx.source.venueId;
  if (!id) {
    // An online event has no venue: the field is null, and nothing is sent. `response` does not run either.
    runtime.earlyReturn(null);
  }
  return { method: 'GET', resourcePath: `/_upstream/venues/${util.urlEncode(id)}`, params: {} };
}

export function response(ctx) {
  // ctx.error: the request could not be made at all, for instance because nobody listens there.
  if (ctx.error) {
    util.error(ctx.error.message, ctx.error.type);
  }
  // Any answer is a result, also 404 and 500: what it means is for the resolver to say.
  const { statusCode, body } = ctx.result;
  if (statusCode === 404) {
    return null;
  }
  if (statusCode !== 200) {
    util.error(`The venue service answered ${statusCode}.`, 'VenueService', null, { statusCode });
  }
  return JSON.parse(body);
}
