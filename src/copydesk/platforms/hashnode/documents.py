"""The GraphQL documents. Each names its operation, so that logs can tell them apart.

Written against the schema of gql-beta as published in Hashnode/gql-skill (2026-07-29), and what
references/mutations.md there describes since (`removePost`, `presignedPut`, `confirmImageUpload`;
checked 2026-11-22). Nothing here is deeper than 6 of the 10 levels that are allowed.
"""

from __future__ import annotations

from typing import Final

_POST: Final = "id slug url title"

#: The fields of a post that are compared with what was sent.
_READ: Final = """
    id slug url title subtitle canonicalUrl publishedAt updatedAt
    content { markdown }
    tags { slug }
    publication { id }
    preferences { isDelisted }
"""

WHOAMI: Final = """
query WhoAmI($id: ObjectId, $host: String) {
  me { id username }
  publication(id: $id, host: $host) { id title url }
}
"""

#: What preparing needs to know, drafts a page at a time.
WORKSHOP: Final = """
query Workshop(
  $id: ObjectId, $host: String, $series: String!, $withSeries: Boolean!, $after: String
) {
  publication(id: $id, host: $host) {
    id
    series(slug: $series) @include(if: $withSeries) { id }
    drafts(first: 50, after: $after) {
      edges { node { id title slug canonicalUrl } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""

#: The newest posts, a page at a time, and the one with our slug. Words come along, so pages are
#: short: of an answer over a mebibyte the end is not read.
SHELF: Final = f"""
query Shelf($id: ObjectId, $host: String, $slug: String!, $after: String) {{
  publication(id: $id, host: $host) {{
    id
    post(slug: $slug) {{ {_READ} }}
    posts(first: 10, after: $after) {{
      edges {{ node {{ {_READ} }} }}
      pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
"""

#: What the publication shows under a slug: what was removed is not shown.
SHOWN: Final = f"""
query Shown($id: ObjectId, $host: String, $slug: String!) {{
  publication(id: $id, host: $host) {{ id post(slug: $slug) {{ {_READ} }} }}
}}
"""

POST: Final = f"""
query PostById($id: ID!) {{
  post(id: $id) {{ {_READ} }}
}}
"""

DRAFT: Final = """
query DraftById($id: ObjectId!) {
  draft(id: $id) { id title slug canonicalUrl content { markdown } }
}
"""

METRICS: Final = """
query Metrics($id: ID!) {
  post(id: $id) { id views reactionCount responseCount replyCount }
}
"""

CREATE_DRAFT: Final = """
mutation CreateDraft($input: CreateDraftInput!) {
  createDraft(input: $input) { draft { id title slug canonicalUrl } }
}
"""

PUBLISH_DRAFT: Final = f"""
mutation PublishDraft($input: PublishDraftInput!) {{
  publishDraft(input: $input) {{ post {{ {_POST} }} }}
}}
"""

UPDATE_POST: Final = f"""
mutation UpdatePost($input: UpdatePostInput!) {{
  updatePost(input: $input) {{ post {{ {_POST} }} }}
}}
"""

REMOVE_POST: Final = """
mutation RemovePost($input: RemovePostInput!) {
  removePost(input: $input) { post { id } }
}
"""

UPLOAD_BY_PUT: Final = """
mutation UploadByPut($input: CreateImageUploadInput!) {
  createImageUploadURL(input: $input) { presignedPut { url cdnUrl key } }
}
"""

CONFIRM_UPLOAD: Final = """
mutation ConfirmUpload($input: ConfirmImageUploadInput!) {
  confirmImageUpload(input: $input) { ok cdnUrl }
}
"""

#: The older way, announced to end on 2026-09-07.
UPLOAD_BY_FORM: Final = """
mutation UploadByForm($input: CreateImageUploadInput!) {
  createImageUploadURL(input: $input) { presignedPost { url fields } }
}
"""
