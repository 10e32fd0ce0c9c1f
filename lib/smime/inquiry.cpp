// SPDX-License-Identifier: MIT
#include "smime/inquiry.h"

#include <utility>

#include "smime/lists.h"

namespace mimeseal::smime {
namespace {

constexpr std::uint64_t kMaxResponse = 256U << 10U;
constexpr std::uint64_t kMaxList = 16U << 20U;

using Status = OcspAnswer::Status;

class Inquirer final {
 public:
  Inquirer(const std::vector<X509_CRL*>& known, Time at, RevocationFetcher& fetcher)
      : known_(known), at_(at), fetcher_(fetcher) {}

  void ask(X509* certificate, X509* issuer) {
    OcspAnswer answer;
    if (!needs_no_revocation(certificate)) {
      const RevocationPlaces places = places_of(certificate);
      if (places.empty()) answer.why = "it names no server of its CA that could be asked by http";
      answer = ask_responders(places, certificate, issuer, std::move(answer));
      if (answer.status == Status::unclear) fetch_lists(places, answer.why);
    } else {
      answer.status = Status::good;
    }
    inquiry_.answers.push_back(std::move(answer));
  }

  [[nodiscard]] Inquiry take() { return std::move(inquiry_); }

 private:
  OcspAnswer ask_responders(const RevocationPlaces& places, X509* certificate, X509* issuer, OcspAnswer answer) {
    for (const std::string& url : places.responders) {
      const OcspQuestion question(certificate, issuer);
      RevocationReply reply = fetcher_.fetch({.url = url,
                                              .body = question.encoded(),
                                              .content_type = "application/ocsp-request",
                                              .max_size = kMaxResponse});
      if (!reply.why.empty()) {
        answer.why = std::move(reply.why);
        continue;
      }
      X509Ptr delegate;
      answer = question.judge(reply.octets, at_, delegate);
      if (delegate && answer.status != Status::unclear) check_delegate(delegate.get(), issuer, answer);
      if (answer.status != Status::unclear) break;
    }
    return answer;
  }

  /// A responder whose own certificate is revoked has nothing to say; nor has one of whom that cannot be told.
  void check_delegate(X509* delegate, X509* issuer, OcspAnswer& answer) {
    std::string why;
    fetch_lists(places_of(delegate), why);
    std::vector<X509_CRL*> lists = known_;
    for (const X509CrlPtr& list : inquiry_.lists)
      lists.push_back(list.get());
    const ListFacts facts = ask_lists(delegate, issuer, lists, at_);
    if (facts.status == ListFacts::Status::good) return;
    answer = {.status = Status::unclear,
              .why = facts.status == ListFacts::Status::revoked
                         ? "the responder's own certificate is revoked"
                         : "whether the responder's own certificate is revoked cannot be told"};
  }

  /// The first alternative of each distribution point that gives a list; `why` when none did.
  void fetch_lists(const RevocationPlaces& places, std::string& why) {
    for (const std::vector<std::string>& alternatives : places.list_points) {
      for (const std::string& url : alternatives) {
        RevocationReply reply = fetcher_.fetch({.url = url, .max_size = kMaxList});
        X509CrlPtr list;
        if (reply.why.empty()) list = read_list(reply.octets, reply.why);
        if (!list) {
          why = std::move(reply.why);
          continue;
        }
        inquiry_.lists.push_back(std::move(list));
        break;
      }
    }
  }

  const std::vector<X509_CRL*>& known_;
  Time at_;
  RevocationFetcher& fetcher_;
  Inquiry inquiry_;
};

}  // namespace

Inquiry ask_servers(const std::vector<X509Ptr>& chain, const std::vector<X509_CRL*>& known, Time at,
                    RevocationFetcher& fetcher) {
  Inquirer inquirer(known, at, fetcher);
  for (std::size_t depth = 0; depth + 1 < chain.size(); ++depth)
    inquirer.ask(chain[depth].get(), chain[depth + 1].get());
  return inquirer.take();
}

}  // namespace mimeseal::smime
