package io.calico.dataplane.linux.netlink;

/**
 * The numbers of the kernel's interface, under the kernel's names: {@code linux/netlink.h}, {@code linux/rtnetlink.h},
 * {@code linux/if_link.h}, {@code linux/if_addr.h}, {@code linux/neighbour.h}, {@code linux/netconf.h},
 * {@code linux/veth.h}, {@code linux/netfilter/nfnetlink.h}, {@code …/nfnetlink_conntrack.h}, {@code …/nf_tables.h}.
 */
final class Wire {
    // Message header: u32 length, u16 type, u16 flags, u32 sequence, u32 port.
    static final int NLMSG_HDRLEN = 16;
    static final int NLMSG_NOOP = 1;
    static final int NLMSG_ERROR = 2;
    static final int NLMSG_DONE = 3;
    static final int NLMSG_OVERRUN = 4;

    static final int NLM_F_REQUEST = 0x1;
    static final int NLM_F_MULTI = 0x2;
    static final int NLM_F_ACK = 0x4;
    static final int NLM_F_DUMP_INTR = 0x10;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_REPLACE = 0x100;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_CREATE = 0x400;
    // In acknowledgements only.
    static final int NLM_F_CAPPED = 0x100;
    static final int NLM_F_ACK_TLVS = 0x200;

    static final int NLMSGERR_ATTR_MSG = 1;

    static final int RTM_NEWLINK = 16;
    static final int RTM_DELLINK = 17;
    static final int RTM_GETLINK = 18;
    static final int RTM_SETLINK = 19;
    static final int RTM_NEWADDR = 20;
    static final int RTM_DELADDR = 21;
    static final int RTM_GETADDR = 22;
    static final int RTM_NEWROUTE = 24;
    static final int RTM_DELROUTE = 25;
    static final int RTM_GETROUTE = 26;
    static final int RTM_NEWNEIGH = 28;
    static final int RTM_DELNEIGH = 29;
    static final int RTM_GETNEIGH = 30;
    static final int RTM_NEWNETCONF = 80;

    /** Set in an attribute's type when it contains attributes. */
    static final int NLA_F_NESTED = 0x8000;

    static final int NLA_TYPE_MASK = 0x3fff;

    static final int AF_UNSPEC = 0;
    static final int AF_INET = 2;
    static final int AF_BRIDGE = 7;
    static final int AF_INET6 = 10;

    // struct ifinfomsg: u8 family, u8 pad, u16 device type, i32 index, u32 flags, u32 change mask.
    static final int IFINFOMSG_LENGTH = 16;
    static final int IFF_UP = 0x1;
    static final int IFF_LOWER_UP = 0x10000;
    static final int IFLA_ADDRESS = 1;
    static final int IFLA_IFNAME = 3;
    static final int IFLA_MTU = 4;
    static final int IFLA_LINK = 5;
    static final int IFLA_MASTER = 10;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_AF_SPEC = 26;
    static final int IFLA_NET_NS_PID = 19;
    static final int IFLA_GROUP = 27;
    static final int IFLA_NET_NS_FD = 28;
    static final int IFLA_EXT_MASK = 29;
    static final int IFLA_LINK_NETNSID = 37;
    /** Within AF_SPEC's AF_INET: the settings as an array of u32, of which forwarding is number 0, proxy_arp 2. */
    static final int IFLA_INET_CONF = 1;
    /** Within AF_SPEC's AF_INET6: the settings as an array of u32, of which forwarding is number 0, accept_ra 3. */
    static final int IFLA_INET6_CONF = 2;

    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_INFO_DATA = 2;
    static final int VETH_INFO_PEER = 1;

    /** Within a VXLAN link's data: u32 of the host's order, addresses and PORT (u16) in network order. */
    static final int IFLA_VXLAN_ID = 1;

    static final int IFLA_VXLAN_LINK = 3;
    static final int IFLA_VXLAN_LOCAL = 4;
    static final int IFLA_VXLAN_LEARNING = 7;
    static final int IFLA_VXLAN_PORT = 15;
    static final int IFLA_VXLAN_LOCAL6 = 17;
    static final int RTEXT_FILTER_SKIP_STATS = 8;

    // struct ifaddrmsg: u8 family, u8 prefix length, u8 flags, u8 scope, u32 index.
    static final int IFADDRMSG_LENGTH = 8;
    static final int IFA_ADDRESS = 1;
    static final int IFA_LOCAL = 2;
    static final int IFA_FLAGS = 8;
    static final int IFA_F_NODAD = 0x2;

    // struct rtmsg: u8 family, u8 destination length, u8 source length, u8 tos, u8 table, u8 protocol, u8 scope,
    // u8 type, u32 flags.
    static final int RTMSG_LENGTH = 12;
    static final int RTA_DST = 1;
    static final int RTA_OIF = 4;
    static final int RTA_GATEWAY = 5;
    static final int RTA_PRIORITY = 6;
    static final int RTA_PREFSRC = 7;
    static final int RTA_MULTIPATH = 9;
    static final int RTA_TABLE = 15;
    static final int RTA_VIA = 18;
    static final int RTM_F_CLONED = 0x200;
    static final int RTNH_F_ONLINK = 4;
    /** struct rtnexthop: u16 length, u8 flags, u8 hops, i32 index. */
    static final int RTNEXTHOP_LENGTH = 8;

    static final int RT_SCOPE_NOWHERE = 255;

    // struct ndmsg: u8 family, u8 pad, u16 pad, i32 index, u16 state, u8 flags, u8 type.
    static final int NDMSG_LENGTH = 12;
    static final int NDA_DST = 1;
    static final int NDA_LLADDR = 2;
    static final int NDA_IFINDEX = 8;
    static final int NUD_PERMANENT = 0x80;
    /** The entry is the link's own, not its bridge's. */
    static final int NTF_SELF = 0x02;

    // struct nfgenmsg: u8 family, u8 version, be16 resource (in a batch's first and last message: the subsystem).
    // Numbers in attributes are big-endian.
    static final int NFGENMSG_LENGTH = 4;
    static final int NFNL_MSG_BATCH_BEGIN = 0x10;
    static final int NFNL_MSG_BATCH_END = 0x11;
    static final int NFNL_SUBSYS_NFTABLES = 10;
    static final int NFPROTO_INET = 1;
    static final int NFT_MSG_GETTABLE = NFNL_SUBSYS_NFTABLES << 8 | 1;
    static final int NFT_MSG_NEWSETELEM = NFNL_SUBSYS_NFTABLES << 8 | 12;
    static final int NFT_MSG_DELSETELEM = NFNL_SUBSYS_NFTABLES << 8 | 14;
    static final int NFTA_TABLE_NAME = 1;
    static final int NFTA_SET_ELEM_LIST_TABLE = 1;
    static final int NFTA_SET_ELEM_LIST_SET = 2;
    static final int NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    static final int NFTA_LIST_ELEM = 1;
    static final int NFTA_SET_ELEM_KEY = 1;
    static final int NFTA_SET_ELEM_DATA = 2;
    static final int NFTA_SET_ELEM_FLAGS = 3;
    static final int NFTA_SET_ELEM_TIMEOUT = 4;
    static final int NFTA_SET_ELEM_EXPR = 7;
    static final int NFTA_SET_ELEM_OBJREF = 9;
    static final int NFTA_SET_ELEM_KEY_END = 10;
    static final int NFTA_SET_ELEM_EXPRESSIONS = 11;
    static final int NFTA_DATA_VALUE = 1;
    static final int NFTA_DATA_VERDICT = 2;
    static final int NFTA_VERDICT_CODE = 1;
    static final int NFTA_VERDICT_CHAIN = 2;
    static final int NFT_MSG_GETCHAIN = NFNL_SUBSYS_NFTABLES << 8 | 4;
    static final int NFTA_CHAIN_HOOK = 4;
    static final int NFTA_CHAIN_POLICY = 5;
    static final int NFTA_CHAIN_TYPE = 7;
    static final int NFTA_CHAIN_FLAGS = 10;
    static final int NFTA_HOOK_HOOKNUM = 1;
    static final int NFTA_HOOK_PRIORITY = 2;
    static final int NF_ACCEPT = 1;
    static final int NFT_MSG_GETSET = NFNL_SUBSYS_NFTABLES << 8 | 10;
    static final int NFT_MSG_GETSETELEM = NFNL_SUBSYS_NFTABLES << 8 | 13;
    static final int NFT_MSG_GETGEN = NFNL_SUBSYS_NFTABLES << 8 | 16;
    static final int NFT_MSG_GETOBJ = NFNL_SUBSYS_NFTABLES << 8 | 19;
    static final int NFT_MSG_GETFLOWTABLE = NFNL_SUBSYS_NFTABLES << 8 | 23;
    static final int NFTA_GEN_ID = 1;
    static final int NFTA_TABLE_FLAGS = 2;
    static final int NFTA_SET_NAME = 2;
    static final int NFTA_SET_FLAGS = 3;
    static final int NFTA_SET_KEY_TYPE = 4;
    static final int NFTA_SET_DATA_TYPE = 6;
    static final int NFTA_SET_DESC = 9;
    static final int NFTA_SET_DESC_SIZE = 1;
    static final int NFTA_SET_TIMEOUT = 11;
    static final int NFTA_SET_EXPR = 17;
    static final int NFTA_SET_EXPRESSIONS = 18;

    // struct netconfmsg: u8 family, then padding.
    static final int NETCONFMSG_LENGTH = 4;
    static final int NETCONFA_IFINDEX = 1;
    static final int NETCONFA_FORWARDING = 2;
    static final int NETCONFA_PROXY_NEIGH = 5;
    static final int NETCONFA_IFINDEX_ALL = -1;

    static final int NFNL_SUBSYS_CTNETLINK = 1;
    static final int NFNLGRP_NFTABLES = 7;

    static final int IPCTNL_MSG_CT_NEW = 0;
    static final int IPCTNL_MSG_CT_GET = 1;
    static final int IPCTNL_MSG_CT_DELETE = 2;
    static final int IPCTNL_MSG_CT_GET_STATS = 5;
    static final int CTA_STATS_GLOBAL_ENTRIES = 1;
    static final int CTA_TUPLE_ORIG = 1;
    static final int CTA_TUPLE_REPLY = 2;
    static final int CTA_ID = 12;
    static final int CTA_ZONE = 18;
    static final int CTA_FILTER = 25;
    static final int CTA_TUPLE_IP = 1;
    static final int CTA_IP_V4_SRC = 1;
    static final int CTA_IP_V4_DST = 2;
    static final int CTA_IP_V6_SRC = 3;
    static final int CTA_IP_V6_DST = 4;
    static final int CTA_FILTER_ORIG_FLAGS = 1;
    static final int CTA_FILTER_REPLY_FLAGS = 2;
    static final int CTA_FILTER_F_CTA_IP_SRC = 1;
    static final int CTA_FILTER_F_CTA_IP_DST = 2;

    static final int NFT_MSG_NEWCHAIN = 3;
    static final int NFT_MSG_DELCHAIN = 5;
    static final int NFT_MSG_NEWRULE = 6;
    static final int NFT_MSG_DELRULE = 8;
    static final int NFT_MSG_NEWGEN = 15;
    /** The table's name, the same number in messages about tables, chains, rules, sets, elements and objects. */
    static final int NFTA_TABLE = 1;

    static final int NFTA_RULE_CHAIN = 2;
    static final int NFTA_CHAIN_NAME = 3;
    static final int NFTA_GEN_PROC_PID = 2;
    static final int NFTA_GEN_PROC_NAME = 3;

    static final int RTNLGRP_LINK = 1;
    static final int RTNLGRP_NEIGH = 3;
    static final int RTNLGRP_IPV4_IFADDR = 5;
    static final int RTNLGRP_IPV4_ROUTE = 7;
    static final int RTNLGRP_IPV6_IFADDR = 9;
    static final int RTNLGRP_IPV6_ROUTE = 11;
    static final int RTNLGRP_IPV4_NETCONF = 24;
    static final int RTNLGRP_IPV6_NETCONF = 25;

    private Wire() {}
}
