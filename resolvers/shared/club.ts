// The club's data, shared by the resolvers that import it. AppSync wants such imports bundled before an upload; here a relative
// import runs as it stands.
//
// Resolver code keeps no state: each evaluation starts from these literals, so nothing that a mutation returns is found by a
// later query. A data source with storage is what changes that.

export type Member = {
  id: string;
  name: string;
  role: 'READER' | 'EDITOR';
  email: string;
  phone?: string;
  website?: string;
  memberSince: string;
};

export type Post = {
  id: string;
  title: string;
  body: string;
  category: string;
  createdAt: string;
  attributes?: Record<string, unknown> | null;
  authorId: string;
};

export type Comment = { id: string; postId: string; text: string; createdAt: string; authorId: string };

export type Event = { id: string; name: string; day: string; venueId: string | null };

export const members: Member[] = [
  {
    id: 'ada',
    name: 'Ada Moreau',
    role: 'EDITOR',
    email: 'ada@club.example',
    phone: '+12065550100',
    website: 'https://club.example/ada',
    memberSince: '2015-03-01',
  },
  { id: 'bela', name: 'Bela Novak', role: 'EDITOR', email: 'bela@club.example', memberSince: '2018-09-15' },
  { id: 'chidi', name: 'Chidi Okafor', role: 'READER', email: 'chidi@club.example', memberSince: '2023-05-20' },
];

export const posts: Post[] = [
  {
    id: 'p1',
    title: 'The season opens',
    body: 'Boats go into the water on Saturday at nine. Bring gloves.',
    category: 'NEWS',
    createdAt: '2024-04-02T18:00:00Z',
    attributes: { pinned: true, boats: ['Heron', 'Otter'] },
    authorId: 'ada',
  },
  {
    id: 'p2',
    title: 'Heron has a new rudder',
    body: 'Repaired and tested. Thanks to everyone who helped.',
    category: 'REPAIR',
    createdAt: '2024-04-20T09:30:00Z',
    authorId: 'bela',
  },
  {
    id: 'p3',
    title: 'Interval training on Tuesdays',
    body: 'Eight times five hundred metres, easy in between.',
    category: 'TRAINING',
    createdAt: '2024-05-04T20:15:00+02:00',
    authorId: 'ada',
  },
];

export const comments: Comment[] = [
  { id: 'c1', postId: 'p1', text: 'I will be there.', createdAt: '2024-04-02T19:12:00Z', authorId: 'chidi' },
  { id: 'c2', postId: 'p1', text: 'Who has the trailer?', createdAt: '2024-04-03T07:40:00Z', authorId: 'bela' },
  { id: 'c3', postId: 'p2', text: 'It steers like new.', createdAt: '2024-04-21T16:05:00Z', authorId: 'chidi' },
];

export const events: Event[] = [
  { id: 'e1', name: 'Opening day', day: '2024-04-06', venueId: 'riverside' },
  { id: 'e2', name: 'Video evening: the catch', day: '2024-05-18', venueId: null },
  { id: 'e3', name: 'Season dinner', day: '2024-10-12', venueId: 'clubhouse' },
];
