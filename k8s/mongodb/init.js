// Run by the startup probe, again and again until it succeeds: whatever was done before, by a run that was cut short or by an earlier pod,
// the end is the same. Each step that isn't possible yet throws, and mongosh says why in the pod's events.
const fs = require('fs');
const read = (name) => fs.readFileSync(`/etc/mongodb/${name}`, 'utf8');

const admin = new Mongo('mongodb://127.0.0.1:27017/?directConnection=true').getDB('admin');

// Without users, mongod lets a client on its own machine do as much as this and the next step.
if (!admin.hello().setName) {
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: '127.0.0.1:27017' }] } });
}
if (!admin.hello().isWritablePrimary) {
  throw new Error('no primary yet');
}

const root = read('root-password');
try {
  admin.auth('root', root);
} catch {
  admin.createUser({ user: 'root', pwd: root, roles: ['root'] });
  admin.auth('root', root);
}

for (const [user, database] of Object.entries(JSON.parse(read('users.json')))) {
  const it = { pwd: read(`passwords/${user}`), roles: [{ role: 'readWrite', db: database }] };
  if (admin.getUser(user)) {
    admin.updateUser(user, it);
  } else {
    admin.createUser({ user, ...it });
  }
}
