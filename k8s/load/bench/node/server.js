'use strict'

// A reconstruction: see doc.go for what it is and is not.

const express = require('express')
const jwt = require('jsonwebtoken')
const { MongoClient, ObjectId } = require('mongodb')

const { ADDR, MONGODB_URI, SECRET } = process.env
const limit = 3
const client = new MongoClient(MONGODB_URI, { maxPoolSize: 64, serverApi: '1' })
const users = client.db('predecessor').collection('users')
const contents = client.db('predecessor').collection('contents')

const app = express()
app.disable('x-powered-by')
app.use(express.json())
app.use(express.urlencoded({ extended: false }))

const token = (req, res, next) => {
  const given = req.query.access_token || req.body.access_token || (req.get('authorization') || '').replace(/^Bearer /, '')
  jwt.verify(given, SECRET, { algorithms: ['HS256'] }, async (err, claims) => {
    if (err) return res.status(401).end()
    try {
      req.user = await users.findOne({ _id: new ObjectId(claims.id) })
      if (!req.user) return res.status(401).end()
      next()
    } catch (err) {
      next(err)
    }
  })
}

// Get the count, then set it: two plays at once are both let in, and a player that crashes keeps its slot for ever.
app.get('/content/:id/play', token, async (req, res, next) => {
  try {
    const content = await contents.findOne({ _id: new ObjectId(req.params.id) })
    if (!content) return res.status(404).end()
    if (req.user.streams >= limit) return res.status(403).json({ error: 'stream limit reached' })
    await users.updateOne({ _id: req.user._id }, { $set: { streams: req.user.streams + 1 } })
    res.json({ id: content._id, name: content.name, src: content.src })
  } catch (err) {
    next(err)
  }
})

const [host, port] = ADDR.split(':')
client.connect().then(() => app.listen(Number(port), host), (err) => {
  console.error(err)
  process.exit(1)
})
