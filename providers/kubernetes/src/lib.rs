//! The provider `kubernetes`: objects of a cluster, and the types of Argo CD.
